import { Button, Group, Skeleton, Stack, Text, Timeline, Title, VisuallyHidden } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconArrowLeft, IconTrash } from '@tabler/icons-react';
import { ApiError, type GridAsset, type HistoryEvent as Event } from '../api';
import { useI18n } from '../i18n';
import { useAsset, useHistory } from '../queries';
import { go } from '../url';
import { AssetReuseButton } from './AssetReuseButton';
import { AssetThumbnail } from './AssetThumbnail';
import { DeleteDialog } from './DeleteDialog';
import { EmptyState } from './EmptyState';
import { EndlessScroll } from './EndlessScroll';
import { ErrorState } from './ErrorState';
import { HistoryEvent } from './HistoryEvent';
import { Link } from './Link';
import { PlatformBadge } from './PlatformBadge';
import { PlatformIcon } from './PlatformIcon';
import { ReuseCount } from './ReuseCount';

/** One asset, and all of its reuses, the newest first. */
export function AssetReuseHistory({ id }: { id: string }) {
	const { t } = useI18n();
	const asset = useAsset(id);

	return (
		<Stack gap="lg" maw={860} mx="auto">
			<Button component={Link} href="/" variant="subtle" size="compact-sm" leftSection={<IconArrowLeft size={16} aria-hidden />} style={{ alignSelf: 'flex-start' }}>
				{t('backToAssets')}
			</Button>
			{asset.data === undefined && <VisuallyHidden component="h1">{t('historyOf')}</VisuallyHidden>}
			{asset.isPending && <Skeleton height={120} radius="lg" />}
			{asset.isError && <ErrorState error={asset.error} onRetry={() => void asset.refetch()} />}
			{asset.isSuccess && <AssetHead asset={asset.data} />}
			{!(asset.error instanceof ApiError && asset.error.status === 404) && <Events id={id} name={asset.data?.asset_name ?? ''} />}
		</Stack>
	);
}

function AssetHead({ asset }: { asset: GridAsset }) {
	const { t, named, percent, number, ago } = useI18n();
	const [isDeleting, { open, close }] = useDisclosure(false);

	const figure = (label: string, value: string) => (
		<div>
			<Text size="xs" c="dimmed">{label}</Text>
			<Text fw={650} className="figures">{value}</Text>
		</div>
	);

	return (
		<Stack className="surface" p="lg" gap="md">
			<Group wrap="nowrap" align="flex-start">
				<AssetThumbnail asset={asset} width={96} height={96} />
				<Stack gap={6}>
					<Title order={1}>{asset.asset_name ?? t('unnamed')}</Title>
					<Group gap="xs">
						<Text size="sm" c="dimmed">{named('assetType', asset.asset_type)} · {t('madeIn', { name: asset.campaign_name ?? '–' })}</Text>
						<PlatformBadge platform={asset.platform} />
					</Group>
					<Group gap="sm">
						<ReuseCount count={asset.reused_count} />
						{asset.last_reused_at !== null && <Text size="sm" c="dimmed">{t('lastReused', { when: ago(asset.last_reused_at) })}</Text>}
					</Group>
				</Stack>
			</Group>
			<Group justify="space-between">
				<Group gap="xl">
					{figure(t('clickRate'), percent(asset.ctr))}
					{figure(t('impressions'), number(asset.impressions))}
					{figure(t('clicks'), number(asset.clicks))}
					{figure(t('conversions'), number(asset.conversions))}
				</Group>
				<Group gap="xs">
					<Button variant="default" leftSection={<IconTrash size={16} aria-hidden />} onClick={open} aria-haspopup="dialog">{t('delete')}</Button>
					<AssetReuseButton asset={asset} />
				</Group>
			</Group>
			<DeleteDialog asset={asset} opened={isDeleting} onClose={close} onDelete={() => go('/')} />
		</Stack>
	);
}

function Events({ id, name }: { id: string; name: string }) {
	const { t, date } = useI18n();
	const history = useHistory(id);

	if (history.isPending) {
		return <Skeleton height={320} radius="lg" role="status" aria-label={t('loading')} />;
	}
	if (history.isError && history.data === undefined) {
		return <ErrorState error={history.error} onRetry={() => void history.refetch()} />;
	}
	const events = history.data.pages.flatMap((page) => page.history);
	const month = (event: Event | undefined) =>
		event?.timestamp == null ? t('noTime') : date(event.timestamp, { month: 'long', year: 'numeric' });

	return (
		<Stack className="surface" component="section" p="lg" gap="md" aria-label={t('historyOf')}>
			<Title order={2}>{t('historyOf')}</Title>
			{events.length === 0 && <EmptyState order={3} title={t('noHistory')} hint={t('noHistoryHint')} />}
			<Timeline bulletSize={30} lineWidth={2} role="feed" aria-label={name} aria-busy={history.isFetchingNextPage}>
				{events.map((event, i) => (
					<Timeline.Item key={event.event_id} component="article" bullet={<PlatformIcon platform={event.campaign_space?.platform} size={16} />}>
						{(i === 0 || month(event) !== month(events[i - 1])) && (
							<Text component="h3" m={0} mb={6} size="xs" fw={700} c="dimmed" tt="uppercase">{month(event)}</Text>
						)}
						<HistoryEvent assetId={id} event={event} />
					</Timeline.Item>
				))}
			</Timeline>
			<EndlessScroll query={history} />
			{events.length > 0 && !history.hasNextPage && <Text size="sm" c="dimmed" ta="center" role="status">{t('historyEnd')}</Text>}
		</Stack>
	);
}
