import { Box, Group, Stack, Table, Text, VisuallyHidden } from '@mantine/core';
import type { TopAsset } from '../api';
import { useI18n } from '../i18n';
import { AssetReuseButton } from './AssetReuseButton';
import { AssetThumbnail } from './AssetThumbnail';
import { Link } from './Link';

/** The most reused assets, each with the way to reuse it once more. */
export function TopAssets({ assets }: { assets: TopAsset[] }) {
	const { t } = useI18n();

	return (
		<Box pos="relative" style={{ overflowX: 'auto' }} tabIndex={0} role="group" aria-label={t('topAssets')}>
			<Table miw={620} verticalSpacing="xs" className="figures">
				<Table.Thead>
					<Table.Tr>
						<Table.Th>{t('asset')}</Table.Th>
						<Table.Th ta="right">{t('totalReuses')}</Table.Th>
						<Table.Th ta="right">{t('clickRate')}</Table.Th>
						<Table.Th ta="right">{t('conversions')}</Table.Th>
						<Table.Th>{t('sort_last_reused')}</Table.Th>
						<Table.Th><VisuallyHidden>{t('reuse')}</VisuallyHidden></Table.Th>
					</Table.Tr>
				</Table.Thead>
				<Table.Tbody>
					{assets.map((asset) => <TopAssetRow key={asset.id} asset={asset} />)}
				</Table.Tbody>
			</Table>
		</Box>
	);
}

function TopAssetRow({ asset }: { asset: TopAsset }) {
	const { t, named, number, percent, ago } = useI18n();

	return (
		<Table.Tr>
			<Table.Td>
				<Group gap="sm" wrap="nowrap">
					<AssetThumbnail asset={asset} width={40} height={40} />
					<Stack gap={0}>
						<Link className="name-link" href={`/assets/${encodeURIComponent(asset.id)}`}>{asset.asset_name ?? t('unnamed')}</Link>
						<Text size="xs" c="dimmed">{named('assetType', asset.asset_type)}</Text>
					</Stack>
				</Group>
			</Table.Td>
			<Table.Td ta="right" fw={650}>{number(asset.reuses_in_range ?? asset.reused_count)}</Table.Td>
			<Table.Td ta="right">{percent(asset.ctr)}</Table.Td>
			<Table.Td ta="right">{number(asset.conversions)}</Table.Td>
			<Table.Td>{asset.last_reused_at === null ? '–' : ago(asset.last_reused_at)}</Table.Td>
			<Table.Td ta="right"><AssetReuseButton asset={asset} variant="light" size="xs" /></Table.Td>
		</Table.Tr>
	);
}
