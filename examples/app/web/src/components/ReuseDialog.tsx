import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Asset, CampaignSpace } from '../api';
import { useI18n } from '../i18n';
import { useReuseWithToasts } from '../toasts';
import { CampaignPicker } from './CampaignPicker';
import { Dialog } from './Dialog';

interface Props {
	assets: Pick<Asset, 'id' | 'asset_name'>[];
	campaign?: CampaignSpace | null;
	opened: boolean;
	onClose: () => void;
	onReuse?: () => void;
}

/** Asks for the campaign in which one asset or several are reused. */
export function ReuseDialog({ opened, onClose, ...rest }: Props) {
	const { t } = useI18n();

	// The form is mounted anew each time, so that it begins empty.
	return (
		<Dialog opened={opened} onClose={onClose} title={t('reuseTitle')} size="lg">
			<ReuseForm onClose={onClose} {...rest} />
		</Dialog>
	);
}

function ReuseForm({ assets, campaign: first = null, onClose, onReuse }: Omit<Props, 'opened'>) {
	const { t } = useI18n();
	const reuse = useReuseWithToasts();
	const [campaign, setCampaign] = useState<CampaignSpace | null>(first);
	const [note, setNote] = useState('');
	const [only] = assets;

	function submit() {
		if (campaign !== null) {
			reuse({ assets, campaign, note: note.trim(), key: crypto.randomUUID() });
			onReuse?.();
			onClose();
		}
	}

	return (
		<form onSubmit={(event) => { event.preventDefault(); submit(); }}>
			<Stack>
				<Text size="sm" c="dimmed">
					{assets.length === 1
						? t('reuseIntro', { name: only?.asset_name ?? t('unnamed') })
						: t('reuseManyIntro', { n: assets.length })}
				</Text>
				<CampaignPicker value={campaign} onChange={setCampaign} />
				<TextInput
					label={t('note')}
					description={t('noteHint')}
					maxLength={500}
					value={note}
					onChange={(event) => setNote(event.currentTarget.value)}
				/>
				<Group justify="flex-end">
					<Button variant="default" onClick={onClose}>{t('cancel')}</Button>
					<Button type="submit" disabled={campaign === null}>
						{campaign === null ? t('chooseFirst') : t('confirmReuse')}
					</Button>
				</Group>
			</Stack>
		</form>
	);
}
