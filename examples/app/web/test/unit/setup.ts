import '@testing-library/jest-dom/vitest';
import { notifications } from '@mantine/notifications';
import { cleanup, configure } from '@testing-library/react';
import { createElement } from 'react';
import { afterEach, beforeEach, vi } from 'vitest';

// A busy machine needs more than a second at times.
configure({ asyncUtilTimeout: 8_000, getElementError: (message) => new Error(message ?? 'not found') });

// jsdom has no canvas: a chart is the text of its labels here.
vi.mock('react-chartjs-2', () => {
	const Drawn = ({ data }: { data: { labels: (string | string[])[] } }) => createElement('div', { 'data-testid': 'chart' }, data.labels.join(', '));
	return { Bar: Drawn, Chart: Drawn };
});

// Nor has it what depends on a layout.
vi.stubGlobal('matchMedia', (query: string) => ({ matches: false, media: query, addEventListener: vi.fn(), removeEventListener: vi.fn() }));
class Observer {
	observe = vi.fn();
	unobserve = vi.fn();
	disconnect = vi.fn();
}
vi.stubGlobal('ResizeObserver', Observer);
vi.stubGlobal('IntersectionObserver', Observer);
window.scrollTo = vi.fn();

beforeEach(() => {
	window.history.replaceState(null, '', '/');
	localStorage.clear();
	sessionStorage.clear();
});

afterEach(() => {
	cleanup();
	notifications.clean();
});
