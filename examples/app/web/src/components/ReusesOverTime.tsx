import { NativeSelect } from '@mantine/core';
import { Bar } from 'react-chartjs-2';
import type { Bucket, Filters, TimelineBucket } from '../api';
import { usePalette } from '../charts';
import { buckets } from '../filters';
import { useI18n } from '../i18n';
import { useTimeline } from '../queries';
import { ChartPanel } from './ChartPanel';
import { EmptyState } from './EmptyState';
import { Panel } from './Panel';
import { QueryState } from './QueryState';

const HEIGHT = 260;

const FORMATS: Record<Bucket, Intl.DateTimeFormatOptions> = {
	day: { day: 'numeric', month: 'short', year: '2-digit' },
	week: { day: 'numeric', month: 'short', year: '2-digit' },
	month: { month: 'short', year: 'numeric' },
};

interface Props {
	filters: Filters;
	bucket: Bucket;
	onBucket: (bucket: Bucket) => void;
}

export function ReusesOverTime({ filters, bucket, onBucket }: Props) {
	const { t } = useI18n();
	const timeline = useTimeline({ ...filters, bucket });
	const select = (
		<NativeSelect
			size="xs"
			aria-label={t('bucket')}
			value={bucket}
			onChange={(event) => onBucket(buckets.find((name) => name === event.currentTarget.value) ?? 'month')}
			data={buckets.map((value) => ({ value, label: t(`bucket_${value}`) }))}
		/>
	);

	if (timeline.data === undefined || timeline.data.items.length === 0) {
		return (
			<Panel title={t('overTime')} controls={select}>
				<QueryState query={timeline} height={HEIGHT}>
					{() => <EmptyState order={3} title={t('noReuses')} />}
				</QueryState>
			</Panel>
		);
	}
	return <TimeChart items={timeline.data.items} bucket={bucket} controls={select} />;
}

function TimeChart({ items, bucket, controls }: { items: TimelineBucket[]; bucket: Bucket; controls: React.ReactNode }) {
	const { t, number, date, language } = useI18n();
	const colors = usePalette();
	const labels = items.map(({ bucket_start }) => date(bucket_start, FORMATS[bucket]));

	return (
		<ChartPanel
			title={t('overTime')}
			controls={controls}
			height={HEIGHT}
			columns={[t('time'), t('totalReuses'), t('assetsReused')]}
			rows={items.map(({ reuses, assets }, i) => [labels[i] ?? '', number(reuses), number(assets)])}
			chart={(label) => (
				<Bar
					aria-label={label}
					data={{
						labels,
						datasets: [{ label: t('totalReuses'), data: items.map(({ reuses }) => reuses), backgroundColor: colors.bar, borderRadius: 4, maxBarThickness: 48 }],
					}}
					options={{
						locale: language,
						scales: {
							x: { grid: { display: false }, border: { color: colors.grid }, ticks: { color: colors.axis, maxRotation: 0, autoSkipPadding: 16 } },
							y: { beginAtZero: true, grid: { color: colors.grid }, border: { display: false }, ticks: { color: colors.axis, precision: 0, maxTicksLimit: 6 } },
						},
					}}
				/>
			)}
		/>
	);
}
