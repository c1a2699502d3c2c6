import { Loader, Text } from '@mantine/core';
import type { Asset } from '../api';
import { useI18n } from '../i18n';
import { usePlaces } from '../queries';
import { useDeleteWithToasts } from '../toasts';
import { ConfirmDialog } from './ConfirmDialog';
import { ErrorState } from './ErrorState';
import { ReusePlaces } from './ReusePlaces';

interface Props {
	asset: Pick<Asset, 'id' | 'asset_name'>;
	opened: boolean;
	onClose: () => void;
	onDelete?: () => void;
}

/** Shows where an asset is used before it is deleted. */
export function DeleteDialog({ asset, opened, onClose, onDelete }: Props) {
	const { t } = useI18n();
	const remove = useDeleteWithToasts();

	return (
		<ConfirmDialog
			title={t('deleteTitle', { name: asset.asset_name ?? t('unnamed') })}
			confirm={t('deleteConfirm')}
			opened={opened}
			onClose={onClose}
			onConfirm={() => {
				remove(asset);
				onDelete?.();
			}}
		>
			<WhereUsed id={asset.id} />
			<Text size="sm" c="dimmed">{t('deleteHint')}</Text>
		</ConfirmDialog>
	);
}

function WhereUsed({ id }: { id: string }) {
	const { t } = useI18n();
	const places = usePlaces(id);

	if (places.isPending) {
		return <Loader size="sm" aria-label={t('loading')} />;
	}
	if (places.isError) {
		return <ErrorState error={places.error} onRetry={() => void places.refetch()} />;
	}
	const { items } = places.data;
	return (
		<>
			<Text size="sm">{items.length === 0 ? t('whereUsedNone') : t('whereUsed', { n: items.length })}</Text>
			<ReusePlaces places={items} />
		</>
	);
}
