import {
	IconBrandAmazon, IconBrandGoogle, IconBrandLinkedin, IconBrandMeta, IconBrandPinterest, IconBrandReddit,
	IconBrandSnapchat, IconBrandTiktok, IconBrandWindows, IconBrandX, IconBrandYoutube, IconSpeakerphone, type Icon,
} from '@tabler/icons-react';

const icons: Record<string, Icon> = {
	google_ads: IconBrandGoogle,
	meta: IconBrandMeta,
	linkedin: IconBrandLinkedin,
	twitter: IconBrandX,
	tiktok: IconBrandTiktok,
	snapchat: IconBrandSnapchat,
	pinterest: IconBrandPinterest,
	reddit: IconBrandReddit,
	amazon_ads: IconBrandAmazon,
	microsoft_ads: IconBrandWindows,
	youtube: IconBrandYoutube,
};

/** Decoration: the platform's name stands beside it. */
export function PlatformIcon({ platform, size = 18 }: { platform: string | null | undefined; size?: number }) {
	const Shown = icons[platform ?? ''] ?? IconSpeakerphone;
	return <Shown size={size} stroke={1.6} aria-hidden style={{ flexShrink: 0 }} />;
}
