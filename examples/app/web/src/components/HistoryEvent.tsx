import { ActionIcon, Badge, Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconArrowBackUp } from '@tabler/icons-react';
import type { HistoryEvent as Event } from '../api';
import { useI18n } from '../i18n';
import { useUndoWithToasts } from '../toasts';
import { ConfirmDialog } from './ConfirmDialog';
import { Link } from './Link';
import { PlatformBadge } from './PlatformBadge';

/** What people wrote into the context; the rest of it is for machines. */
function remarks(context: unknown) {
	const { note, placement } = (typeof context === 'object' && context !== null ? context : {}) as Record<string, unknown>;
	return [note, placement].filter((text): text is string => typeof text === 'string' && text !== '');
}

/** One reuse: where, when, and the way to take it back. */
export function HistoryEvent({ assetId, event }: { assetId: string; event: Event }) {
	const { t, ago, dateTime } = useI18n();
	const undo = useUndoWithToasts();
	const [isUndoing, { open, close }] = useDisclosure(false);
	const name = event.campaign_space?.campaign_name ?? event.reused_in_name ?? event.reused_in_id ?? t('unknownPlace');

	return (
		<Group justify="space-between" wrap="nowrap" align="flex-start">
			<Stack gap={2}>
				<Group gap="xs">
					<Place event={event} name={name} />
				</Group>
				<Text size="sm" c="dimmed">
					{event.timestamp === null
						? t('noTime')
						: <time dateTime={event.timestamp}>{dateTime(event.timestamp)} · {ago(event.timestamp)}</time>}
				</Text>
				{remarks(event.context).map((remark) => <Text key={remark} size="sm">{remark}</Text>)}
			</Stack>
			<ActionIcon
				variant="subtle" color="gray" c="dimmed" size="lg" onClick={open}
				aria-label={t('undoReuse', { name })} aria-haspopup="dialog" title={t('undo')}
			>
				<IconArrowBackUp size={18} />
			</ActionIcon>
			<ConfirmDialog
				title={t('undoTitle')}
				confirm={t('undo')}
				opened={isUndoing}
				onClose={close}
				onConfirm={() => undo({ assets: [{ id: assetId }], event: { event_id: event.event_id } })}
			>
				<Text size="sm">{t('undoText', { name })}</Text>
			</ConfirmDialog>
		</Group>
	);
}

/** A live campaign leads to what to reuse in it next; a deleted one is only named. */
function Place({ event, name }: { event: Event; name: string }) {
	const { t, named } = useI18n();
	const campaign = event.campaign_space;

	if (campaign !== null) {
		const query = new URLSearchParams({ campaign: campaign.id });
		return (
			<>
				<Link className="name-link" href={`/analytics?${query.toString()}#recommendations`} title={t('campaignLink', { name })}>{name}</Link>
				<PlatformBadge platform={campaign.platform} />
			</>
		);
	}
	if (event.reused_in_type === 'campaign_space') {
		return (
			<>
				<Text td="line-through" c="dimmed" fw={600}>{name}</Text>
				<Badge color="red.9" tt="none" size="sm" title={t('deletedHint')}>{t('deleted')}</Badge>
			</>
		);
	}
	return (
		<>
			<Text fw={600}>{name}</Text>
			<Badge variant="default" tt="none" size="sm">{named('place', event.reused_in_type)}</Badge>
		</>
	);
}
