import { Button, Group, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { useI18n } from '../i18n';
import { Dialog } from './Dialog';

interface Props {
	title: string;
	confirm: string;
	opened: boolean;
	onClose: () => void;
	onConfirm: () => void;
	isReady?: boolean;
	children: ReactNode;
}

/** Asks before something is taken away. */
export function ConfirmDialog({ title, confirm, opened, onClose, onConfirm, isReady = true, children }: Props) {
	const { t } = useI18n();

	return (
		<Dialog opened={opened} onClose={onClose} title={title}>
			<Stack>
				{children}
				<Group justify="flex-end">
					<Button variant="default" onClick={onClose} data-autofocus>{t('cancel')}</Button>
					<Button
						color="red"
						disabled={!isReady}
						onClick={() => {
							onConfirm();
							onClose();
						}}
					>
						{confirm}
					</Button>
				</Group>
			</Stack>
		</Dialog>
	);
}
