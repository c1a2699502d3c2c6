import { Badge } from '@mantine/core';
import { IconRecycle } from '@tabler/icons-react';
import { useI18n } from '../i18n';

export function ReuseCount({ count }: { count: number }) {
	const { t } = useI18n();

	return (
		<Badge
			className="figures"
			size="lg"
			variant={count > 0 ? 'filled' : 'default'}
			leftSection={<IconRecycle size={14} aria-hidden />}
			tt="none"
		>
			{count > 0 ? t('reuses', { n: count }) : t('neverReused')}
		</Badge>
	);
}
