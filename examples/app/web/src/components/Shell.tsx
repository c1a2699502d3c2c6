import { ActionIcon, Anchor, Container, Group, NativeSelect, Text } from '@mantine/core';
import { IconLogout, IconRecycle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { languageNames, useI18n, useSetLanguage, type Language } from '../i18n';
import { useLiveUpdates } from '../live';
import { useTenant } from '../queries';
import { usePath } from '../url';
import { Link } from './Link';
import { LiveIndicator } from './LiveIndicator';

/** What is around every page: the way to the others, the tenant, and whether it is live. */
export function Shell({ children }: { children: ReactNode }) {
	const { t, language } = useI18n();
	const setLanguage = useSetLanguage();
	const { session, signOut } = useTenant();
	const connected = useLiveUpdates();
	const path = usePath();

	const link = (href: string, text: string) => (
		<Link href={href} className="nav-link" aria-current={path === href ? 'page' : undefined}>
			{text}
		</Link>
	);

	return (
		<>
			<a href="#content" className="skip">{t('skip')}</a>
			<header className="header">
				<Container size="xl" py="sm">
					<Group justify="space-between" gap="xs">
						<Group gap="lg">
							<Group gap={8} wrap="nowrap" className="hide-narrow">
								<IconRecycle size={24} aria-hidden color="var(--app-bar)" />
								<Text fw={700}>{t('appName')}</Text>
							</Group>
							<Group component="nav" gap={4} aria-label={t('navigation')}>
								{link('/', t('assets'))}
								{link('/analytics', t('analytics'))}
							</Group>
						</Group>
						<Group gap="sm" wrap="nowrap">
							<LiveIndicator connected={connected} />
							<Text size="sm" c="dimmed" className="hide-narrow">{session.tenant_name}</Text>
							<NativeSelect
								size="xs"
								aria-label={t('language')}
								value={language}
								onChange={(event) => setLanguage(event.currentTarget.value as Language)}
								data={Object.entries(languageNames).map(([value, label]) => ({ value, label }))}
							/>
							<ActionIcon variant="subtle" color="gray" c="dimmed" aria-label={t('signOut')} title={t('signOut')} onClick={signOut}>
								<IconLogout size={18} />
							</ActionIcon>
						</Group>
					</Group>
				</Container>
			</header>
			<Container component="main" id="content" tabIndex={-1} size="xl" py="lg" style={{ outline: 'none' }}>
				{children}
			</Container>
			<Container component="footer" size="xl" pb="xl">
				<Anchor href="/docs" size="sm" c="dimmed" underline="always">{t('apiDocs')}</Anchor>
			</Container>
		</>
	);
}
