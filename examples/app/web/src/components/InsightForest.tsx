import { Alert, Stack, Text } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';
import { Chart } from 'react-chartjs-2';
import type { Insights, Metric } from '../api';
import { usePalette } from '../charts';
import { useI18n, type I18n } from '../i18n';
import { useInsights } from '../queries';
import type { Palette } from '../theme';
import { ChartPanel } from './ChartPanel';
import { EmptyState } from './EmptyState';
import { Panel } from './Panel';
import { QueryState } from './QueryState';

const metrics = ['ctr', 'conversions_per_click'] as const;
const ROW = 38;
const AXES = 60;

/** How many types are shown beside the whole. */
const TYPES = 6;

interface Row {
	label: string;
	metric: Metric;
	ratio: number;
	interval: [number, number];
}

/** The rows of the plot: all assets and then each type, by metric; those without an interval cannot be drawn. */
function rowsOf(insights: Insights, assetType: string | undefined, { t, named }: I18n): Row[] {
	// Of one type, that is all there is.
	const types = assetType === undefined ? Object.entries(insights.by_asset_type).slice(0, TYPES) : [];
	const whole = assetType === undefined ? t('allAssets') : named('assetType', assetType);
	return metrics.flatMap((name) => [
		{ label: `${whole} · ${t(`metric_${name}`)}`, metric: insights[name] },
		...types.map(([type, comparison]) => ({ label: `${named('assetType', type)} · ${t(`metric_${name}`)}`, metric: comparison[name] })),
	]).flatMap(({ label, metric }) => {
		const { ratio, interval } = metric;
		return ratio === null || interval === null ? [] : [{ label, metric, ratio, interval }];
	});
}

/** Whether reused assets do better than comparable ones, and how certain that is. */
export function InsightForest({ assetType }: { assetType: string | undefined }) {
	const i18n = useI18n();
	const { t } = i18n;
	const insights = useInsights(assetType);
	const rows = insights.data === undefined ? [] : rowsOf(insights.data, assetType, i18n);

	if (insights.data === undefined || rows.length === 0) {
		return (
			<Panel title={t('insights')}>
				<QueryState query={insights} height={300}>
					{() => <EmptyState order={3} title={t('noInsights')} hint={t('noInsightsHint')} />}
				</QueryState>
			</Panel>
		);
	}
	return <Forest insights={insights.data} rows={rows} />;
}

function Forest({ insights, rows }: { insights: Insights; rows: Row[] }) {
	const { t, named, change } = useI18n();
	const { inconsistent, missing, no_traffic } = insights.data_quality;
	const leftOut = inconsistent + missing + no_traffic;

	return (
		<ChartPanel
			title={t('insights')}
			height={rows.length * ROW + AXES}
			columns={[t('group'), t('difference'), t('interval'), t('verdict')]}
			rows={rows.map(({ label, metric, ratio, interval: [low, high] }) =>
				[label, change(ratio), t('intervalText', { low: change(low), high: change(high) }), named('verdict', metric.verdict)])}
			chart={(label) => <ForestPlot label={label} rows={rows} />}
		>
			<Stack gap="xs">
				<Text size="sm" c="dimmed">{t('insightsIntro')}</Text>
				{metrics.map((name) => (
					// The database's sentences are English.
					<Text key={name} size="sm" lang="en">
						<strong className={`verdict-${insights[name].verdict}`} lang={undefined}>{t(`metric_${name}`)}: </strong>
						{insights[name].sentence}
					</Text>
				))}
				<Alert variant="default" icon={<IconInfoCircle size={18} aria-hidden />} p="sm">
					{t('caution')}{leftOut > 0 && ` ${t('leftOut', { n: leftOut })}`}
				</Alert>
			</Stack>
		</ChartPanel>
	);
}

function colorOf(verdict: string, colors: Palette) {
	return verdict === 'higher' ? colors.good : verdict === 'lower' ? colors.bad : colors.neutral;
}

/** A point for each estimate, on a bar from the lower to the upper end of its interval. */
function ForestPlot({ label, rows }: { label: string; rows: Row[] }) {
	const { t, change, language } = useI18n();
	const colors = usePalette();
	const color = rows.map(({ metric }) => colorOf(metric.verdict, colors));

	return (
		<Chart<'bar' | 'line', (number | [number, number])[]>
			aria-label={label}
			type="bar"
			data={{
				// in two lines, for narrow screens
				labels: rows.map(({ label }) => label.split(' · ')),
				datasets: [
					{
						type: 'line', label: t('difference'), data: rows.map(({ ratio }) => ratio - 1), showLine: false,
						pointRadius: 6, pointHoverRadius: 7, pointBackgroundColor: color, pointBorderColor: colors.surface, pointBorderWidth: 2,
					},
					{
						type: 'bar', label: t('interval'), data: rows.map(({ interval: [low, high] }): [number, number] => [low - 1, high - 1]),
						backgroundColor: color, barThickness: 4, borderRadius: 2, borderSkipped: false,
					},
				],
			}}
			options={{
				indexAxis: 'y',
				locale: language,
				scales: {
					x: {
						title: { display: true, text: t('forestAxis'), color: colors.axis },
						border: { display: false },
						grid: { color: ({ tick }) => (tick.value === 0 ? colors.strong : colors.grid) },
						ticks: { color: colors.axis, callback: (value) => change(1 + Number(value)) },
					},
					y: { grid: { display: false }, border: { display: false }, ticks: { color: colors.axis, autoSkip: false } },
				},
				plugins: {
					tooltip: {
						callbacks: {
							label: ({ dataIndex }) => {
								const row = rows[dataIndex];
								return row === undefined ? '' : `${change(row.ratio)} (${t('intervalText', { low: change(row.interval[0]), high: change(row.interval[1]) })})`;
							},
						},
					},
				},
			}}
		/>
	);
}
