import { Button, type ButtonProps } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconRecycle } from '@tabler/icons-react';
import type { Asset, CampaignSpace } from '../api';
import { useI18n } from '../i18n';
import { ReuseDialog } from './ReuseDialog';

interface Props extends ButtonProps {
	asset: Pick<Asset, 'id' | 'asset_name'>;
	/** Chosen to begin with. */
	campaign?: CampaignSpace | null;
}

/** Reuses an asset in a campaign: opens the dialog that asks in which. */
export function AssetReuseButton({ asset, campaign = null, ...rest }: Props) {
	const { t } = useI18n();
	const [opened, { open, close }] = useDisclosure(false);

	return (
		<>
			<Button
				leftSection={<IconRecycle size={16} aria-hidden />}
				{...rest}
				onClick={open}
				aria-haspopup="dialog"
				aria-label={t('reuseThis', { name: asset.asset_name ?? t('unnamed') })}
			>
				{t('reuse')}
			</Button>
			<ReuseDialog assets={[asset]} campaign={campaign} opened={opened} onClose={close} />
		</>
	);
}
