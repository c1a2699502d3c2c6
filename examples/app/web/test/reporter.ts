/** Prints a line "ok - NAME" or "not ok - NAME" for each test, which test/run and CI count. */

import type { SerializedError } from 'vitest';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

export default class Lines implements Reporter {
	onTestCaseResult(test: TestCase) {
		const { state, errors } = test.result();
		const seconds = ((test.diagnostic()?.duration ?? 0) / 1000).toFixed(1);
		if (state !== 'skipped') {
			console.log(`${state === 'passed' ? 'ok' : 'not ok'} - ${test.module.relativeModuleId}: ${test.fullName} (${seconds} s)`);
		}
		for (const error of errors ?? []) {
			console.log(error.stack ?? error.message);
		}
	}

	/** Such as a worker that does not start. */
	onTestRunEnd(_: readonly TestModule[], errors: readonly SerializedError[]) {
		for (const error of errors) {
			console.log(`not ok - outside of a test: ${error.message}\n${error.stack ?? ''}`);
		}
	}

	/** A file that cannot be run has no tests that fail. */
	onTestModuleEnd(module: TestModule) {
		for (const error of module.errors()) {
			console.log(`not ok - ${module.relativeModuleId}\n${error.stack ?? error.message}`);
		}
	}
}
