import { Group, Stack, Title } from '@mantine/core';
import { useId, type ReactNode } from 'react';

interface Props {
	title: string;
	id?: string;
	/** Beside the title. */
	controls?: ReactNode;
	children: ReactNode;
}

/** A titled part of a page. */
export function Panel({ title, id, controls, children }: Props) {
	const heading = useId();

	return (
		<Stack component="section" id={id} className="surface" p="lg" gap="md" h="100%" aria-labelledby={heading} style={{ scrollMarginTop: 80 }}>
			<Group justify="space-between" align="center" gap="xs">
				<Title order={2} id={heading}>{title}</Title>
				{controls}
			</Group>
			{children}
		</Stack>
	);
}
