import { Group, NativeSelect, SegmentedControl, TextInput } from '@mantine/core';
import { useDebouncedCallback, useMediaQuery } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import type { Sort } from '../api';
import { useI18n } from '../i18n';
import { useParams } from '../url';
import { sorts } from './AssetGrid';
import { TypeSelect } from './TypeSelect';

interface Props {
	filters: { search: string; asset_type: string; sort: Sort };
}

/** The grid's filters, which live in the address: it can be reloaded, shared and gone back from. */
export function GridFilters({ filters }: Props) {
	const { t } = useI18n();
	const [, change] = useParams();
	const [typed, setTyped] = useState(filters.search);
	const [known, setKnown] = useState(filters.search);
	const isNarrow = useMediaQuery('(max-width: 48em)');
	const search = useDebouncedCallback((text: string) => change({ search: text.trim() }), 250);

	// The address was changed elsewhere, as by "Clear the filters".
	if (known !== filters.search) {
		setKnown(filters.search);
		if (typed.trim() !== filters.search) {
			setTyped(filters.search);
		}
	}

	const choices = sorts.map((value) => ({ value, label: t(`sort_${value}`) }));
	const sort = (value: string) => change({ sort: value === 'most_reused' ? '' : value });

	return (
		<Group gap="sm" role="search">
			<TextInput
				flex="1 1 14rem"
				type="search"
				aria-label={t('search')}
				placeholder={t('searchPlaceholder')}
				leftSection={<IconSearch size={16} aria-hidden />}
				value={typed}
				onChange={(event) => {
					setTyped(event.currentTarget.value);
					search(event.currentTarget.value);
				}}
			/>
			<TypeSelect value={filters.asset_type} onChange={(asset_type) => change({ asset_type })} />
			{isNarrow
				? <NativeSelect aria-label={t('sort')} value={filters.sort} onChange={(event) => sort(event.currentTarget.value)} data={choices} />
				: <SegmentedControl aria-label={t('sort')} value={filters.sort} onChange={sort} data={choices} />}
		</Group>
	);
}
