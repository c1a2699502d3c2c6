import { Button, Center, Loader, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState, type SyntheticEvent } from 'react';
import { ApiError, readSession, type Session } from '../api';
import { useI18n } from '../i18n';
import { ErrorState } from './ErrorState';

interface Props {
	/** Tried at once, if there is one. */
	token: string | null;
	onSignIn: (token: string, session: Session) => void;
}

export function LoginPage({ token, onSignIn }: Props) {
	const { t } = useI18n();
	const [typed, setTyped] = useState('');
	const signIn = useMutation({
		mutationFn: readSession,
		onSuccess: (session, used) => onSignIn(used, session),
	});
	const { mutate } = signIn;

	useEffect(() => {
		if (token !== null) {
			mutate(token);
		}
	}, [token, mutate]);

	function submit(event: SyntheticEvent) {
		event.preventDefault();
		mutate(typed.trim());
	}

	const refused = signIn.error instanceof ApiError && signIn.error.status === 401;
	if (signIn.error !== null && !refused) {
		return <Center component="main" mih="100vh"><ErrorState error={signIn.error} onRetry={() => mutate(signIn.variables)} /></Center>;
	}
	if ((signIn.isPending || signIn.isSuccess || (signIn.isIdle && token !== null)) && typed === '') {
		return <Center component="main" mih="100vh"><Loader aria-label={t('loading')} /></Center>;
	}
	return (
		<Center component="main" mih="100vh" p="md">
			<form className="surface" style={{ width: '100%', maxWidth: 420 }} onSubmit={submit}>
				<Stack p="xl">
					<Title order={1}>{t('loginTitle')}</Title>
					<Text c="dimmed" size="sm">{t('loginText')}</Text>
					<TextInput
						type="password"
						label={t('token')}
						value={typed}
						onChange={(event) => setTyped(event.currentTarget.value)}
						error={refused && t('loginFailed')}
						autoComplete="off"
					/>
					<Button type="submit" disabled={typed.trim() === ''} loading={signIn.isPending}>{t('loginButton')}</Button>
				</Stack>
			</form>
		</Center>
	);
}
