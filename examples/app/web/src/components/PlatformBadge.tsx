import { Group, Text } from '@mantine/core';
import { PlatformIcon } from './PlatformIcon';
import { useI18n } from '../i18n';

export function PlatformBadge({ platform }: { platform: string | null | undefined }) {
	const { named } = useI18n();

	return (
		<Group gap={4} wrap="nowrap" display="inline-flex">
			<PlatformIcon platform={platform} size={16} />
			<Text span size="sm" c="dimmed">{named('platform', platform)}</Text>
		</Group>
	);
}
