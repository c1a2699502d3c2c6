import type { AnchorHTMLAttributes, MouseEvent } from 'react';
import { go } from '../url';

/** A link to another of these pages, without loading them anew. */
export function Link({ href, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
	function follow(event: MouseEvent) {
		if (event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey) {
			event.preventDefault();
			go(href);
		}
	}

	return <a href={href} onClick={follow} {...rest} />;
}
