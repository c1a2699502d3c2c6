import { Button, Group } from '@mantine/core';
import { useIntersection } from '@mantine/hooks';
import { useEffect } from 'react';
import { useI18n } from '../i18n';
import { ErrorState } from './ErrorState';

interface Props {
	query: {
		hasNextPage: boolean;
		isFetchingNextPage: boolean;
		isFetchNextPageError: boolean;
		error: unknown;
		fetchNextPage: () => unknown;
	};
}

/** Loads the next page when its end comes near; the button is for those who do not scroll. */
export function EndlessScroll({ query }: Props) {
	const { t } = useI18n();
	const { ref, entry } = useIntersection({ rootMargin: '600px' });
	const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
	const isNear = entry?.isIntersecting === true;

	useEffect(() => {
		if (isNear && hasNextPage && !isFetchingNextPage && !isFetchNextPageError) {
			fetchNextPage();
		}
	}, [isNear, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage]);

	if (isFetchNextPageError) {
		return <ErrorState error={query.error} onRetry={() => fetchNextPage()} />;
	}
	return (
		<Group ref={ref} justify="center" mih={1}>
			{hasNextPage && (
				<Button variant="default" loading={isFetchingNextPage} onClick={() => fetchNextPage()}>{t('loadMore')}</Button>
			)}
		</Group>
	);
}
