/** What is done to reuses, with its success or failure said in toasts. */

import { Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconArrowBackUp, IconCheck, IconRefresh, IconX } from '@tabler/icons-react';
import type { Asset } from './api';
import { useI18n } from './i18n';
import { useDeleteAsset, useReuse, useUndo, type Reuse } from './queries';

interface Toast {
	title: string;
	text: string;
	failed?: boolean;
	action?: { label: string; run: () => void };
}

function useToast() {
	const { t } = useI18n();

	return ({ title, text, failed = false, action }: Toast) => {
		const id = crypto.randomUUID();
		const ActionIcon = failed ? IconRefresh : IconArrowBackUp;
		notifications.show({
			id,
			title,
			color: failed ? 'red' : 'teal',
			icon: failed ? <IconX size={18} aria-hidden /> : <IconCheck size={18} aria-hidden />,
			closeButtonProps: { 'aria-label': t('close') },
			message: (
				<Group justify="space-between" gap="xs">
					<Text span size="sm" c="dimmed">{text}</Text>
					{action !== undefined && (
						<Button
							size="compact-sm"
							variant="default"
							leftSection={<ActionIcon size={14} aria-hidden />}
							onClick={() => {
								notifications.hide(id);
								action.run();
							}}
						>
							{action.label}
						</Button>
					)}
				</Group>
			),
		});
	};
}

/** Undoes reuses; one that fails can be tried again. */
export function useUndoWithToasts() {
	const { t, error } = useI18n();
	const toast = useToast();
	const { mutateAsync } = useUndo();

	return function undo(variables: Parameters<typeof mutateAsync>[0]) {
		mutateAsync(variables).then(
			(n) => toast({ title: t('toastUndone'), text: t('toastUndoneText', { n }) }),
			(failure: unknown) => toast({
				title: t('toastUndoFailed'), text: error(failure), failed: true,
				action: { label: t('tryAgain'), run: () => undo(variables) },
			}),
		);
	};
}

/** Reuses assets, offers to undo it, and after a failure to try again with the same key. */
export function useReuseWithToasts() {
	const { t, error } = useI18n();
	const toast = useToast();
	const undo = useUndoWithToasts();
	const { mutateAsync } = useReuse();

	return function reuse(variables: Reuse) {
		const { assets, key } = variables;
		const campaign = variables.campaign.campaign_name ?? variables.campaign.id;
		const name = assets[0]?.asset_name ?? t('unnamed');

		// By its promise, since mutate's callbacks are not called once the dialog has closed.
		mutateAsync(variables).then(
			({ assets: reused, missing, reusedCount }) => toast({
				title: reusedCount === null ? t('toastReusedMany', { n: reused.length, campaign }) : t('toastReused', { campaign }),
				text: reusedCount === null
					? (missing > 0 ? t('toastMissing', { n: missing }) : '')
					: t('toastReusedText', { name, n: reusedCount }),
				action: { label: t('undo'), run: () => undo({ assets: reused, event: { reuse_key: key } }) },
			}),
			(failure: unknown) => toast({
				title: t('toastFailed'), text: error(failure), failed: true,
				action: { label: t('tryAgain'), run: () => reuse(variables) },
			}),
		);
	};
}

export function useDeleteWithToasts() {
	const { t, error } = useI18n();
	const toast = useToast();
	const { mutateAsync } = useDeleteAsset();

	return ({ id, asset_name }: Pick<Asset, 'id' | 'asset_name'>) => {
		mutateAsync(id).then(
			() => toast({ title: t('toastDeleted', { name: asset_name ?? t('unnamed') }), text: '' }),
			(failure: unknown) => toast({ title: t('toastDeleteFailed'), text: error(failure), failed: true }),
		);
	};
}
