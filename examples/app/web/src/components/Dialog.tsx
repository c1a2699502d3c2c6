import { Modal, type ModalProps } from '@mantine/core';
import { useI18n } from '../i18n';

/** A modal with a name for its closing button, and whose head is not taken for that of the whole page. */
export function Dialog(props: ModalProps) {
	const { t } = useI18n();
	return <Modal closeButtonProps={{ 'aria-label': t('close') }} attributes={{ header: { role: 'presentation' } }} {...props} />;
}
