import { Box, Button, Group, Table } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChartBar, IconTable } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useI18n } from '../i18n';
import { Panel } from './Panel';

interface Props {
	title: string;
	controls?: ReactNode;
	/** The chart, by the text that says what it is; it fills its box. */
	chart: (label: string) => ReactNode;
	height: number;
	columns: string[];
	/** The same numbers, formatted; the first cell of a row is its heading. */
	rows: string[][];
	children?: ReactNode;
}

/** A chart, or the table of its numbers: a canvas says nothing to a screen reader. */
export function ChartPanel({ title, controls, chart, height, columns, rows, children }: Props) {
	const { t } = useI18n();
	const [isTable, { toggle }] = useDisclosure(false);
	const Icon = isTable ? IconChartBar : IconTable;

	return (
		<Panel
			title={title}
			controls={
				<Group gap="xs">
					{controls}
					<Button size="xs" variant="default" leftSection={<Icon size={14} aria-hidden />} onClick={toggle}>
						{t(isTable ? 'showChart' : 'showTable')}
					</Button>
				</Group>
			}
		>
			{isTable
				? <NumbersTable title={title} height={height} columns={columns} rows={rows} />
				: <Box h={height} pos="relative">{chart(t('chartOf', { title }))}</Box>}
			{children}
		</Panel>
	);
}

function NumbersTable({ title, height, columns, rows }: Pick<Props, 'title' | 'height' | 'columns' | 'rows'>) {
	return (
		<Box mah={height} style={{ overflow: 'auto' }} tabIndex={0} role="group" aria-label={title}>
			<Table className="figures" verticalSpacing={6}>
				<Table.Thead>
					<Table.Tr>{columns.map((column, i) => <Table.Th key={column} ta={i === 0 ? 'left' : 'right'}>{column}</Table.Th>)}</Table.Tr>
				</Table.Thead>
				<Table.Tbody>
					{rows.map(([heading, ...cells]) => (
						<Table.Tr key={heading}>
							<Table.Th scope="row" fw={400}>{heading}</Table.Th>
							{cells.map((cell, i) => <Table.Td key={columns[i + 1]} ta="right">{cell}</Table.Td>)}
						</Table.Tr>
					))}
				</Table.Tbody>
			</Table>
		</Box>
	);
}
