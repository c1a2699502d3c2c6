import { Group, Text } from '@mantine/core';
import { useI18n } from '../i18n';

/** Says whether others' reuses show at once. */
export function LiveIndicator({ connected }: { connected: boolean }) {
	const { t } = useI18n();

	return (
		<Group gap={6} wrap="nowrap" role="status" title={t(connected ? 'liveHint' : 'offlineHint')}>
			<span
				aria-hidden
				style={{ width: 8, height: 8, borderRadius: 4, background: connected ? 'var(--app-good)' : 'var(--app-bad)' }}
			/>
			<Text size="sm" c="dimmed">{t(connected ? 'live' : 'offline')}</Text>
		</Group>
	);
}
