/*-------------------------------------------------------------------------
 *
 * time_sort.c
 *	  Sorting by time, in n log n steps whatever the order of the input.
 *
 * The times of events may be written by anybody, and qsort is quadratic for inputs that can be
 * crafted.  This is a bottom-up merge sort, which can be interrupted.  Elements that are in
 * order already, as in nearly all logs, cost one comparison each.
 *
 * Pure; the memory for a copy of the elements is freed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "time_sort.h"

static bool is_sorted(const char *elements, Size nelements, Size size);
static void merge(const char *from, Size middle, Size end, char *to, Size size);
static inline Timestamp time_of(const char *element);

/*
 * time_sort sorts elements by the Timestamp with which they begin, ascending.  The sort
 * is stable.
 */
void
time_sort(void *elements, Size nelements, Size size)
{
	Size		total = nelements * size;
	char	   *from = elements;
	char	   *to;
	char	   *copy;
	Size		width;

	if (is_sorted(elements, nelements, size))
		return;
	to = copy = MemoryContextAllocHuge(CurrentMemoryContext, total);
	for (width = size; width < total; width *= 2)
	{
		char	   *merged = to;
		Size		start;

		for (start = 0; start < total; start += 2 * width)
		{
			Size		rest = total - start;

			merge(from + start, Min(width, rest), Min(2 * width, rest), to + start, size);
		}
		to = from;
		from = merged;
	}
	if (from != elements)
		memcpy(elements, from, total);
	pfree(copy);
}

static bool
is_sorted(const char *elements, Size nelements, Size size)
{
	Size		i;

	for (i = 1; i < nelements; i++)
	{
		if (time_of(elements + (i - 1) * size) > time_of(elements + i * size))
			return false;
	}
	return true;
}

/* merge merges two sorted runs, the first of which ends at middle and the second at end. */
static void
merge(const char *from, Size middle, Size end, char *to, Size size)
{
	Size		first = 0;
	Size		second = middle;

	while (first < middle && second < end)
	{
		Size	   *next = time_of(from + second) < time_of(from + first) ? &second : &first;

		CHECK_FOR_INTERRUPTS();
		memcpy(to, from + *next, size);
		to += size;
		*next += size;
	}
	memcpy(to, from + first, middle - first);
	to += middle - first;
	memcpy(to, from + second, end - second);
}

static inline Timestamp
time_of(const char *element)
{
	return *(const Timestamp *) element;
}
