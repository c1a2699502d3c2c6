import { Group, SimpleGrid, Text } from '@mantine/core';
import { IconAffiliate, IconPercentage, IconPhotoCheck, IconRecycle, type Icon } from '@tabler/icons-react';
import type { Analytics } from '../api';
import { useI18n } from '../i18n';

export function OverviewTiles({ overview }: { overview: Analytics['overview'] }) {
	const { t, number, decimal, percent } = useI18n();

	const tile = (TileIcon: Icon, label: string, value: string, hint?: string) => (
		<div className="surface" style={{ padding: 'var(--mantine-spacing-lg)' }}>
			<Group component="dt" gap={8} wrap="nowrap" mb={6}>
				<TileIcon size={18} stroke={1.6} aria-hidden color="var(--app-bar)" />
				<Text span size="sm" c="dimmed">{label}</Text>
			</Group>
			<Text component="dd" m={0} fz={28} lh={1.2} fw={680} className="figures">{value}</Text>
			<Text component="dd" m={0} size="xs" c="dimmed" mih="1.2em">{hint}</Text>
		</div>
	);

	return (
		<SimpleGrid component="dl" m={0} cols={{ base: 1, xs: 2, md: 4 }} spacing="md">
			{tile(IconRecycle, t('totalReuses'), number(overview.total_reuses))}
			{tile(IconPhotoCheck, t('reusedAssets'), number(overview.assets_with_reuses), t('ofAssets', { n: overview.total_assets }))}
			{tile(IconPercentage, t('reuseRate'), percent(overview.reuse_rate_percentage))}
			{tile(IconAffiliate, t('average'), decimal(overview.avg_reuses_per_asset))}
		</SimpleGrid>
	);
}
