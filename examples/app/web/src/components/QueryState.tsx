import { Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import { useI18n } from '../i18n';
import { ErrorState } from './ErrorState';

interface Props<T> {
	query: { data: T | undefined; isError: boolean; error: unknown; refetch: () => unknown };
	height: number;
	children: (data: T) => ReactNode;
}

/** What a query has, or that it loads, or that it failed.  Data that could not be read anew stay. */
export function QueryState<T>({ query, height, children }: Props<T>) {
	const { t } = useI18n();

	if (query.data !== undefined) {
		return children(query.data);
	}
	if (query.isError) {
		return <ErrorState error={query.error} onRetry={() => query.refetch()} />;
	}
	return <Skeleton height={height} radius="md" role="status" aria-label={t('loading')} />;
}
