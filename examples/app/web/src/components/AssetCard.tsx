import { ActionIcon, Badge, Checkbox, Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconFlame, IconTrash } from '@tabler/icons-react';
import type { GridAsset } from '../api';
import { useI18n } from '../i18n';
import { AssetReuseButton } from './AssetReuseButton';
import { AssetThumbnail } from './AssetThumbnail';
import { DeleteDialog } from './DeleteDialog';
import { Link } from './Link';
import { PlatformIcon } from './PlatformIcon';
import { ReuseCount } from './ReuseCount';

interface Props {
	asset: GridAsset;
	isMarked: boolean;
	isSelected: boolean;
	onToggle: () => void;
}

export function AssetCard({ asset, isMarked, isSelected, onToggle }: Props) {
	const { t, named, ago, dateTime, percent, number } = useI18n();
	const name = asset.asset_name ?? t('unnamed');
	const address = `/assets/${encodeURIComponent(asset.id)}`;

	return (
		<article className="surface card" data-selected={isSelected || undefined}>
			<AssetThumbnail asset={asset} height={132} />
			<Checkbox pos="absolute" top={12} left={12} size="md" checked={isSelected} onChange={onToggle} aria-label={t('select', { name })} />
			{isMarked && (
				<Badge pos="absolute" top={12} right={12} color="#a83a0a" tt="none" leftSection={<IconFlame size={14} aria-hidden />}>
					{t('mostReused')}
				</Badge>
			)}
			<Stack gap={6} p="md" flex={1}>
				<Text component="h2" size="md" m={0} className="clamp">
					<Link className="name-link" href={address}>{name}</Link>
				</Text>
				<Group gap={6} wrap="nowrap" c="dimmed">
					<PlatformIcon platform={asset.platform} size={16} />
					<Text size="xs" truncate>{named('assetType', asset.asset_type)} · {asset.campaign_name}</Text>
				</Group>
				<Group gap="md" className="figures">
					<Text size="xs" c="dimmed">{t('clickRate')} <Text span inherit fw={600} c="var(--mantine-color-text)">{percent(asset.ctr)}</Text></Text>
					<Text size="xs" c="dimmed">{t('impressions')} <Text span inherit fw={600} c="var(--mantine-color-text)">{number(asset.impressions)}</Text></Text>
				</Group>
				<Group gap="xs" mt="auto" pt={6} justify="space-between" align="center">
					<ReuseCount count={asset.reused_count} />
					{asset.last_reused_at !== null && (
						<Text size="xs" c="dimmed" title={dateTime(asset.last_reused_at)}>{t('lastReused', { when: ago(asset.last_reused_at) })}</Text>
					)}
				</Group>
				<Group gap="xs" mt={6} wrap="nowrap">
					<AssetReuseButton asset={asset} variant="light" flex={1} />
					<DeleteButton asset={asset} name={name} />
				</Group>
			</Stack>
		</article>
	);
}

function DeleteButton({ asset, name }: { asset: GridAsset; name: string }) {
	const { t } = useI18n();
	const [isDeleting, { open, close }] = useDisclosure(false);

	return (
		<>
			<ActionIcon
				variant="subtle" color="gray" c="dimmed" size={36} onClick={open}
				aria-label={t('deleteThis', { name })} aria-haspopup="dialog" title={t('delete')}
			>
				<IconTrash size={18} />
			</ActionIcon>
			<DeleteDialog asset={asset} opened={isDeleting} onClose={close} />
		</>
	);
}
