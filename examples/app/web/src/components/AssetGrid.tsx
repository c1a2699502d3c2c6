import { Button, Group, SimpleGrid, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import type { GridAsset, Sort } from '../api';
import { useI18n } from '../i18n';
import { useAssets } from '../queries';
import { useParams } from '../url';
import { AssetCard } from './AssetCard';
import { EmptyState } from './EmptyState';
import { EndlessScroll } from './EndlessScroll';
import { ErrorState } from './ErrorState';
import { GridFilters } from './GridFilters';
import { SelectionBar } from './SelectionBar';

const COLUMNS = { base: 1, xs: 2, sm: 3, lg: 4 };

/** The first of the most reused assets are marked. */
const MARKED = 3;

export const sorts: Sort[] = ['most_reused', 'last_reused', 'never_reused', 'newest'];

function useFilters() {
	const [params] = useParams();
	const sort = sorts.find((name) => name === params.get('sort')) ?? 'most_reused';
	return { search: params.get('search') ?? '', asset_type: params.get('asset_type') ?? '', sort };
}

/** The tenant's assets: to search, to sort by reuse, to select, and to reuse. */
export function AssetGrid() {
	const { t } = useI18n();
	const [, change] = useParams();
	const filters = useFilters();
	const assets = useAssets(filters);
	const [selected, setSelected] = useState<GridAsset[]>([]);

	const shown = assets.data?.pages.flatMap((page) => page.items) ?? [];
	const total = assets.data?.pages[0]?.total;
	const isMarked = (position: number) =>
		filters.sort === 'most_reused' && filters.search === '' && filters.asset_type === '' && position < MARKED;

	function toggle(asset: GridAsset) {
		setSelected((before) =>
			before.some(({ id }) => id === asset.id) ? before.filter(({ id }) => id !== asset.id) : [...before, asset]);
	}

	function content() {
		if (assets.isPending) {
			return <GridSkeleton />;
		}
		if (assets.isError && shown.length === 0) {
			return <ErrorState error={assets.error} onRetry={() => void assets.refetch()} />;
		}
		if (shown.length === 0) {
			return (
				<EmptyState title={t('noAssets')} hint={t('noAssetsHint')}>
					<Button variant="default" mt="sm" onClick={() => change({ search: '', asset_type: '', sort: '' })}>{t('clearFilters')}</Button>
				</EmptyState>
			);
		}
		return (
			<>
				<SimpleGrid component="ul" className="plain-list" cols={COLUMNS} spacing="md" aria-label={t('assets')}>
					{shown.map((asset, position) => (
						<li key={asset.id}>
							<AssetCard
								asset={asset}
								isMarked={isMarked(position) && asset.reused_count > 0}
								isSelected={selected.some(({ id }) => id === asset.id)}
								onToggle={() => toggle(asset)}
							/>
						</li>
					))}
				</SimpleGrid>
				<EndlessScroll query={assets} />
			</>
		);
	}

	return (
		<Stack gap="md">
			<Group justify="space-between" align="baseline">
				<Title order={1}>{t('assets')}</Title>
				<Text size="sm" c="dimmed" className="figures" role="status">
					{assets.isSuccess && (total == null ? t('shownSome', { shown: shown.length }) : t('shown', { shown: shown.length, n: total }))}
				</Text>
			</Group>
			<GridFilters filters={filters} />
			{content()}
			{selected.length > 0 && <SelectionBar assets={selected} onClear={() => setSelected([])} />}
		</Stack>
	);
}

function GridSkeleton() {
	const { t } = useI18n();

	return (
		<SimpleGrid cols={COLUMNS} spacing="md" role="status" aria-label={t('loading')}>
			{Array.from({ length: 8 }, (_, i) => <Skeleton key={i} height={300} radius="lg" />)}
		</SimpleGrid>
	);
}
