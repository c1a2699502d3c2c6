import { Button, Group, Loader, NativeSelect, Radio, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import type { CampaignSpace } from '../api';
import { useI18n } from '../i18n';
import { useCampaigns, useTenant } from '../queries';
import { ErrorState } from './ErrorState';
import { PlatformIcon } from './PlatformIcon';

interface Props {
	value: CampaignSpace | null;
	onChange: (campaign: CampaignSpace) => void;
}

/** Chooses one of the tenant's campaigns: by name, by platform, or from the newest. */
export function CampaignPicker({ value, onChange }: Props) {
	const { t, named } = useI18n();
	const { session } = useTenant();
	const [search, setSearch] = useState('');
	const [platform, setPlatform] = useState('');
	const [debounced] = useDebouncedValue(search.trim(), 200);
	const campaigns = useCampaigns({ search: debounced, platform });

	const found = campaigns.data?.pages.flatMap((page) => page.items) ?? [];
	// The chosen one stays in sight while the search goes on.
	const shown = value === null || found.some(({ id }) => id === value.id) ? found : [value, ...found];

	return (
		<Stack gap="xs">
			<Group gap="xs" wrap="nowrap">
				<TextInput
					flex={1}
					data-autofocus
					type="search"
					aria-label={t('campaignSearch')}
					placeholder={t('campaignSearch')}
					leftSection={<IconSearch size={16} aria-hidden />}
					value={search}
					onChange={(event) => setSearch(event.currentTarget.value)}
				/>
				<NativeSelect
					aria-label={t('platform')}
					value={platform}
					onChange={(event) => setPlatform(event.currentTarget.value)}
					data={[{ value: '', label: t('allPlatforms') }, ...session.platforms.map((name) => ({ value: name, label: named('platform', name) }))]}
				/>
			</Group>
			{campaigns.isError && <ErrorState error={campaigns.error} onRetry={() => void campaigns.refetch()} />}
			{campaigns.isPending && <Group justify="center" p="md"><Loader size="sm" aria-label={t('loading')} /></Group>}
			<Radio.Group
				aria-label={t('campaign')}
				value={value?.id ?? null}
				onChange={(id) => {
					const chosen = shown.find((campaign) => campaign.id === id);
					if (chosen !== undefined) {
						onChange(chosen);
					}
				}}
			>
				<Stack gap={6} className="choices">
					{shown.map((campaign) => <CampaignChoice key={campaign.id} campaign={campaign} />)}
					{campaigns.hasNextPage && (
						<Button variant="subtle" loading={campaigns.isFetchingNextPage} onClick={() => void campaigns.fetchNextPage()}>
							{t('loadMore')}
						</Button>
					)}
				</Stack>
			</Radio.Group>
			{campaigns.isSuccess && found.length === 0 && <Text size="sm" c="dimmed" role="status">{t('noCampaigns')}</Text>}
		</Stack>
	);
}

function CampaignChoice({ campaign }: { campaign: CampaignSpace }) {
	const { t, named } = useI18n();

	return (
		<Radio.Card className="choice" value={campaign.id}>
			<Group wrap="nowrap" gap="sm">
				<Radio.Indicator />
				<PlatformIcon platform={campaign.platform} />
				<Text size="sm" fw={550} flex={1}>{campaign.campaign_name}</Text>
				<Text size="xs" c="dimmed">
					{named('platform', campaign.platform)}
					{campaign.is_active === false && ` · ${t('inactive')}`}
				</Text>
			</Group>
		</Radio.Card>
	);
}
