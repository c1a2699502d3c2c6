import {
	IconBlockquote, IconChartDots, IconClick, IconFileText, IconHeading, IconPhoto, IconPlayerPlay, IconTextSize, type Icon,
} from '@tabler/icons-react';
import { useState, type CSSProperties } from 'react';
import type { Asset } from '../api';

const icons: Record<string, Icon> = {
	image: IconPhoto,
	video: IconPlayerPlay,
	ad_copy: IconBlockquote,
	headline: IconHeading,
	description: IconTextSize,
	call_to_action: IconClick,
	performance_data: IconChartDots,
};

/** Hosts under .example exist only in samples; asking for them would take time and fail. */
function isReal(url: string | null | undefined): url is string {
	return url != null && URL.canParse(url) && !new URL(url).hostname.endsWith('.example');
}

/** A colour that stays with the asset, from the letters of its id. */
function hueOf(id: string) {
	const sum = Array.from(id).reduce((before, letter) => (before * 31 + letter.charCodeAt(0)) % 9973, 7);
	// Steps of the golden angle, so that neighbours differ.
	return (sum * 137.5) % 360;
}

interface Props {
	asset: Pick<Asset, 'id' | 'asset_type' | 'thumbnail_url'>;
	height: number;
	width?: number;
}

/** The asset's picture or, where there is none, a coloured stand-in.  Its name stands beside it. */
export function AssetThumbnail({ asset, height, width }: Props) {
	const [failed, setFailed] = useState(false);
	const Shown = icons[asset.asset_type ?? ''] ?? IconFileText;
	const size: CSSProperties = { height, width, flexShrink: 0, borderRadius: width === undefined ? 0 : 8 };
	const color = { '--hue': hueOf(asset.id) };

	return (
		<div className="thumbnail" style={{ ...size, ...color }} aria-hidden>
			<Shown size={Math.min(44, height * 0.5)} stroke={1.3} />
			{isReal(asset.thumbnail_url) && !failed && (
				<img src={asset.thumbnail_url} alt="" loading="lazy" onError={() => setFailed(true)} />
			)}
		</div>
	);
}
