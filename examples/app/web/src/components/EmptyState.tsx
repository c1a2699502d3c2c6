import { Stack, Text, Title } from '@mantine/core';
import { IconInbox } from '@tabler/icons-react';
import type { ReactNode } from 'react';

interface Props {
	title: string;
	hint?: string;
	/** What to do about it. */
	children?: ReactNode;
	order?: 2 | 3;
}

export function EmptyState({ title, hint, children, order = 2 }: Props) {
	return (
		<Stack align="center" gap="xs" py={48} px="md" ta="center">
			<IconInbox size={40} stroke={1.2} aria-hidden color="var(--app-neutral)" />
			<Title order={order} size="h4">{title}</Title>
			{hint !== undefined && <Text c="dimmed" size="sm" maw={420}>{hint}</Text>}
			{children}
		</Stack>
	);
}
