import { NativeSelect } from '@mantine/core';
import { useI18n } from '../i18n';
import { useTenant } from '../queries';

export function TypeSelect({ value, onChange }: { value: string; onChange: (type: string) => void }) {
	const { t, named } = useI18n();
	const { session } = useTenant();

	return (
		<NativeSelect
			aria-label={t('type')}
			value={value}
			onChange={(event) => onChange(event.currentTarget.value)}
			data={[{ value: '', label: t('allTypes') }, ...session.asset_types.map((name) => ({ value: name, label: named('assetType', name) }))]}
		/>
	);
}
