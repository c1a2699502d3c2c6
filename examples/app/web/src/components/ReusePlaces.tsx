import { Badge, Group, Text } from '@mantine/core';
import type { Place } from '../api';
import { useI18n } from '../i18n';

/** The places of one asset, the most recent first. */
export function ReusePlaces({ places }: { places: Place[] }) {
	const { t, named, date } = useI18n();

	return (
		<ul className="plain-list choices" tabIndex={0} aria-label={t('historyOf')}>
			{places.map((place) => (
				<Group component="li" key={`${place.reused_in_type}/${place.reused_in_id}`} justify="space-between" wrap="nowrap" py={6}>
					<Group gap="xs">
						<Text size="sm" fw={550}>{place.reused_in_name ?? place.reused_in_id ?? t('unknownPlace')}</Text>
						{place.is_live === false && <Badge size="sm" color="red.9" tt="none">{t('deleted')}</Badge>}
						{place.is_live === null && <Badge size="sm" variant="default" tt="none">{named('place', place.reused_in_type)}</Badge>}
					</Group>
					<Text size="xs" c="dimmed" className="figures" style={{ whiteSpace: 'nowrap' }}>
						{place.reuses > 1 && `${t('times', { n: place.reuses })} · `}
						{place.last_reused_at !== null && date(place.last_reused_at, { dateStyle: 'medium' })}
					</Text>
				</Group>
			))}
		</ul>
	);
}
