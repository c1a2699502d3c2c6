import { Grid, Group, Stack, Title } from '@mantine/core';
import { useMemo } from 'react';
import { readParams, toFilters } from '../filters';
import { useI18n } from '../i18n';
import { useAnalytics } from '../queries';
import { useParams } from '../url';
import { AnalyticsFilters } from './AnalyticsFilters';
import { EmptyState } from './EmptyState';
import { InsightForest } from './InsightForest';
import { OverviewTiles } from './OverviewTiles';
import { Panel } from './Panel';
import { QueryState } from './QueryState';
import { Recommendations } from './Recommendations';
import { ReusesByType } from './ReusesByType';
import { ReusesOverTime } from './ReusesOverTime';
import { TopAssets } from './TopAssets';

/** The tenant's reuse at a glance. */
export function ReuseAnalytics() {
	const { t } = useI18n();
	const [search, change] = useParams();
	const params = useMemo(() => readParams(search), [search]);
	const filters = useMemo(() => toFilters(params), [params]);
	const analytics = useAnalytics(filters);

	return (
		<Stack gap="md">
			<Group justify="space-between" align="flex-end">
				<Title order={1}>{t('analytics')}</Title>
				<AnalyticsFilters params={params} onChange={change} />
			</Group>
			<QueryState query={analytics} height={110}>
				{({ overview }) => <OverviewTiles overview={overview} />}
			</QueryState>
			<Grid gap="md">
				<Grid.Col span={{ base: 12, md: 7 }}>
					<ReusesOverTime filters={filters} bucket={params.bucket} onBucket={(bucket) => change({ bucket })} />
				</Grid.Col>
				<Grid.Col span={{ base: 12, md: 5 }}>
					<QueryState query={analytics} height={340}>
						{({ by_asset_type }) => <ReusesByType types={by_asset_type} />}
					</QueryState>
				</Grid.Col>
				<Grid.Col span={12}>
					<Panel title={t('topAssets')}>
						<QueryState query={analytics} height={400}>
							{({ top_reused_assets: assets }) => assets.length === 0
								? <EmptyState order={3} title={t('noReuses')} hint={t('noReusesHint')} />
								: <TopAssets assets={assets} />}
						</QueryState>
					</Panel>
				</Grid.Col>
				<Grid.Col span={12}>
					<InsightForest assetType={filters.asset_type} />
				</Grid.Col>
				<Grid.Col span={12}>
					<Recommendations campaignId={params.campaign} assetType={filters.asset_type} onCampaign={(campaign) => change({ campaign })} />
				</Grid.Col>
			</Grid>
		</Stack>
	);
}
