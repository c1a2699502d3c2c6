import { Button, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconTarget } from '@tabler/icons-react';
import { useEffect } from 'react';
import type { CampaignSpace, Recommendation } from '../api';
import { useI18n } from '../i18n';
import { useCampaign, useRecommendations } from '../queries';
import { AssetReuseButton } from './AssetReuseButton';
import { AssetThumbnail } from './AssetThumbnail';
import { CampaignPicker } from './CampaignPicker';
import { Dialog } from './Dialog';
import { EmptyState } from './EmptyState';
import { Link } from './Link';
import { Panel } from './Panel';
import { QueryState } from './QueryState';

const ANCHOR = 'recommendations';

interface Props {
	/** Empty for any campaign. */
	campaignId: string;
	assetType: string | undefined;
	onCampaign: (id: string) => void;
}

/** What to reuse next, and why: in a campaign, or in general. */
export function Recommendations({ campaignId, assetType, onCampaign }: Props) {
	const { t } = useI18n();
	const recommendations = useRecommendations(campaignId, assetType);
	const campaign = useCampaign(campaignId).data ?? null;

	// A link from the history of an asset leads here, and the browser looked before we were here.
	useEffect(() => {
		if (window.location.hash === `#${ANCHOR}`) {
			document.getElementById(ANCHOR)?.scrollIntoView();
		}
	}, [campaignId]);

	return (
		<Panel id={ANCHOR} title={t('recommendations')} controls={<CampaignChoice id={campaignId} campaign={campaign} onCampaign={onCampaign} />}>
			<QueryState query={recommendations} height={220}>
				{({ items }) => items.length === 0
					? <EmptyState order={3} title={t('noRecommendations')} hint={t('noRecommendationsHint')} />
					: (
						<SimpleGrid component="ul" className="plain-list" cols={{ base: 1, sm: 2, lg: 3 }} spacing="md">
							{items.map((item) => <li key={item.id}><RecommendationCard item={item} campaign={campaign} /></li>)}
						</SimpleGrid>
					)}
			</QueryState>
		</Panel>
	);
}

function CampaignChoice({ id: chosen, campaign, onCampaign }: { id: string; campaign: CampaignSpace | null; onCampaign: (id: string) => void }) {
	const { t } = useI18n();
	const [opened, { open, close }] = useDisclosure(false);

	return (
		<Group gap="xs">
			<Text size="sm" c="dimmed">{t('recommendFor')}</Text>
			<Button size="xs" variant="default" leftSection={<IconTarget size={14} aria-hidden />} onClick={open} aria-haspopup="dialog">
				{chosen === '' ? t('anyCampaign') : (campaign?.campaign_name ?? chosen)}
			</Button>
			<Dialog opened={opened} onClose={close} title={t('recommendFor')} size="lg">
				<Stack>
					<CampaignPicker
						value={campaign}
						onChange={({ id }) => {
							onCampaign(id);
							close();
						}}
					/>
					<Button
						variant="subtle"
						onClick={() => {
							onCampaign('');
							close();
						}}
					>
						{t('anyCampaign')}
					</Button>
				</Stack>
			</Dialog>
		</Group>
	);
}

function RecommendationCard({ item, campaign }: { item: Recommendation; campaign: CampaignSpace | null }) {
	const { t, named, percent } = useI18n();
	const names = item.because.map(({ asset_name, id }) => asset_name ?? id).join(', ');

	return (
		<Stack className="surface" p="md" gap="xs" h="100%">
			<Group wrap="nowrap" gap="sm" align="flex-start">
				<AssetThumbnail asset={item} width={48} height={48} />
				<Stack gap={0} flex={1}>
					<Link className="name-link" href={`/assets/${encodeURIComponent(item.id)}`}>{item.asset_name ?? t('unnamed')}</Link>
					<Text size="xs" c="dimmed" className="figures">
						{named('assetType', item.asset_type)} · {t('reuses', { n: item.reused_count })} · {t('clickRate')} {percent(item.ctr)}
					</Text>
				</Stack>
			</Group>
			<Text size="sm" flex={1}>
				{sourceText(item)}
				{names !== '' && <Text span inherit c="dimmed">; {t('because', { names })}</Text>}
			</Text>
			<AssetReuseButton asset={item} campaign={campaign} variant="light" size="xs" style={{ alignSelf: 'flex-start' }} />
		</Stack>
	);

	function sourceText({ source, campaigns }: Recommendation) {
		switch (source) {
			case 'similar_campaigns':
				return t('source_similar_campaigns', { n: campaigns });
			case 'same_brand':
			case 'same_platform':
			case 'popular':
			case 'explore':
				return t(`source_${source}`);
			default:
				return source;
		}
	}
}
