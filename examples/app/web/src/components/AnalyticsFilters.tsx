import { Group, NativeSelect, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { areDatesWrong, periods, type AnalyticsParams } from '../filters';
import { useI18n } from '../i18n';
import { TypeSelect } from './TypeSelect';

interface Props {
	params: AnalyticsParams;
	onChange: (changes: Record<string, string>) => void;
}

export function AnalyticsFilters({ params, onChange }: Props) {
	const { t } = useI18n();
	const isNarrow = useMediaQuery('(max-width: 48em)');
	const choices = periods.map((value) => ({ value, label: t(`period_${value}`) }));
	const choose = (period: string) => onChange({ period: period === 'all' ? '' : period, from: '', until: '', bucket: '' });
	const isWrong = areDatesWrong(params);

	return (
		<Stack gap={4}>
			<Group gap="sm" align="flex-end">
				<TypeSelect value={params.asset_type} onChange={(asset_type) => onChange({ asset_type })} />
				{isNarrow
					? <NativeSelect aria-label={t('period')} value={params.period} onChange={(event) => choose(event.currentTarget.value)} data={choices} />
					: <SegmentedControl aria-label={t('period')} value={params.period} onChange={choose} data={choices} />}
				{params.period === 'custom' && (
					<>
						<TextInput
							type="date" label={t('from')} aria-invalid={isWrong} value={params.from}
							onChange={(event) => onChange({ from: event.currentTarget.value })}
						/>
						<TextInput
							type="date" label={t('until')} aria-invalid={isWrong} value={params.until}
							onChange={(event) => onChange({ until: event.currentTarget.value })}
						/>
					</>
				)}
			</Group>
			{isWrong && <Text size="sm" c="var(--app-bad)" role="alert">{t('datesWrong')}</Text>}
		</Stack>
	);
}
