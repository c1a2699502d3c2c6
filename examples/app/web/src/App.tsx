import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { ApiError, createClient, type Session } from './api';
import { AssetGrid } from './components/AssetGrid';
import { AssetReuseHistory } from './components/AssetReuseHistory';
import { EmptyState } from './components/EmptyState';
import { LoginPage } from './components/LoginPage';
import { ReuseAnalytics } from './components/ReuseAnalytics';
import { Shell } from './components/Shell';
import { useI18n } from './i18n';
import { TenantContext } from './queries';
import { keepToken, takeToken } from './session';
import { usePath } from './url';

function Page() {
	const { t } = useI18n();
	const path = usePath();
	const asset = /^\/assets\/([^/]+)$/.exec(path)?.[1];

	// Whoever follows a link by keyboard or screen reader goes on at the top of the new page.
	useEffect(() => {
		window.scrollTo(0, 0);
	}, [path]);

	if (path === '/') {
		return <AssetGrid />;
	}
	if (path === '/analytics') {
		return <ReuseAnalytics />;
	}
	if (asset !== undefined) {
		const id = decodeURIComponent(asset);
		return <AssetReuseHistory key={id} id={id} />;
	}
	return <EmptyState title={t('notFound')} />;
}

/** Signs in, and shows the pages of the tenant whose token it is. */
export function App() {
	const cache = useQueryClient();
	const [signedIn, setSignedIn] = useState<{ token: string; session: Session } | null>(null);
	const [firstToken, setFirstToken] = useState(takeToken);

	const tenant = useMemo(() => signedIn && {
		client: createClient(signedIn.token, signedIn.session.tenant_id),
		session: signedIn.session,
		signOut: () => {
			keepToken(null);
			setFirstToken(null);
			cache.clear();
			setSignedIn(null);
		},
	}, [signedIn, cache]);

	// A session that has ended is one to sign in again.
	useEffect(() => cache.getQueryCache().subscribe((event) => {
		const error: unknown = event.type === 'updated' ? event.query.state.error : null;
		if (error instanceof ApiError && error.status === 401) {
			tenant?.signOut();
		}
	}), [cache, tenant]);

	if (tenant === null) {
		return (
			<LoginPage
				token={firstToken}
				onSignIn={(token, session) => {
					keepToken(token);
					setSignedIn({ token, session });
				}}
			/>
		);
	}
	return (
		<TenantContext value={tenant}>
			<Shell>
				<Page />
			</Shell>
		</TenantContext>
	);
}
