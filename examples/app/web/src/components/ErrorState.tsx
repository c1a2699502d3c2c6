import { Button, Stack, Text } from '@mantine/core';
import { IconCloudOff } from '@tabler/icons-react';
import { useI18n } from '../i18n';

export function ErrorState({ error, onRetry }: { error: unknown; onRetry: () => void }) {
	const { t, error: explain } = useI18n();

	return (
		<Stack role="alert" align="center" gap="xs" py={40} px="md" ta="center">
			<IconCloudOff size={40} stroke={1.2} aria-hidden color="var(--app-bad)" />
			<Text fw={600}>{t('errorTitle')}</Text>
			<Text c="dimmed" size="sm" maw={420}>{explain(error)}</Text>
			<Button variant="default" onClick={onRetry}>{t('tryAgain')}</Button>
		</Stack>
	);
}
