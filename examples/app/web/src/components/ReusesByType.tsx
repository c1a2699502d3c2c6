import { Bar } from 'react-chartjs-2';
import type { Analytics } from '../api';
import { usePalette } from '../charts';
import { useI18n } from '../i18n';
import { ChartPanel } from './ChartPanel';
import { EmptyState } from './EmptyState';
import { Panel } from './Panel';

export function ReusesByType({ types }: { types: Analytics['by_asset_type'] }) {
	const { t, named, number, decimal, language } = useI18n();
	const colors = usePalette();
	const rows = Object.entries(types).sort(([, a], [, b]) => b.total_reuses - a.total_reuses);

	if (rows.length === 0) {
		return <Panel title={t('byType')}><EmptyState order={3} title={t('noReuses')} /></Panel>;
	}
	return (
		<ChartPanel
			title={t('byType')}
			height={260}
			columns={[t('type'), t('totalReuses'), t('reusedAssets'), t('average')]}
			rows={rows.map(([type, { total_reuses, count, avg_reuses_per_asset }]) =>
				[named('assetType', type), number(total_reuses), number(count), decimal(avg_reuses_per_asset)])}
			chart={(label) => (
				<Bar
					aria-label={label}
					data={{
						labels: rows.map(([type]) => named('assetType', type)),
						datasets: [{ label: t('totalReuses'), data: rows.map(([, { total_reuses }]) => total_reuses), backgroundColor: colors.bar, borderRadius: 6, maxBarThickness: 34 }],
					}}
					options={{
						indexAxis: 'y',
						locale: language,
						scales: {
							x: { beginAtZero: true, grid: { color: colors.grid }, border: { display: false }, ticks: { color: colors.axis, precision: 0, maxTicksLimit: 6 } },
							y: { grid: { display: false }, border: { color: colors.grid }, ticks: { color: colors.axis } },
						},
					}}
				/>
			)}
		/>
	);
}
