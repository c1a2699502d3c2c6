import { Button, Group, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconRecycle } from '@tabler/icons-react';
import type { GridAsset } from '../api';
import { useI18n } from '../i18n';
import { ReuseDialog } from './ReuseDialog';

/** What can be done with the selected assets together. */
export function SelectionBar({ assets, onClear }: { assets: GridAsset[]; onClear: () => void }) {
	const { t } = useI18n();
	const [opened, { open, close }] = useDisclosure(false);

	return (
		<>
			<Group className="selection-bar" component="section" aria-label={t('selectionBar')} gap="md" justify="center">
				<Text size="sm" fw={600} className="figures" role="status">{t('selected', { n: assets.length })}</Text>
				<Group gap="xs">
					<Button size="sm" onClick={open} aria-haspopup="dialog" leftSection={<IconRecycle size={16} aria-hidden />}>{t('reuseSelected')}</Button>
					<Button size="sm" variant="default" onClick={onClear}>{t('clearSelection')}</Button>
				</Group>
			</Group>
			<ReuseDialog assets={assets} opened={opened} onClose={close} onReuse={onClear} />
		</>
	);
}
