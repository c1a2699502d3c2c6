/*-------------------------------------------------------------------------
 *
 * check_sort.c
 *	  A check of the sort by time, of the order that is worst for qsort.
 *
 * The order is made by letting PostgreSQL's qsort sort elements whose values are
 * decided only when it compares them, and then so that its pivots are among the smallest:
 * after M. D. McIlroy, "A Killer Adversary for Quicksort", Software: Practice and
 * Experience 29 (1999).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "backend.h"
#include "check_sort.h"
#include "naive.h"
#include "time_sort.h"

#define NELEMENTS		4000
#define LOG2_NELEMENTS	12		/* rounded up */
#define UNDECIDED		NELEMENTS	/* greater than all that is decided */

typedef struct Element
{
	Timestamp	time;
	int			number;			/* in the order given */
} Element;

/* The adversary's: values by element, and how many it has decided */
static int	values[NELEMENTS];
static int	ndecided;
static int	ncompared;

static void make_killer_order(void);
static int	compare_badly(const void *a, const void *b);

/* check_sort: n log n comparisons, each of which lets the query be canceled, and a stable order. */
void
check_sort(void)
{
	Element    *elements = palloc(NELEMENTS * sizeof(Element));
	int			before;
	int			i;

	make_killer_order();
	/* otherwise nothing is shown here */
	REQUIRE(ncompared > 16 * NELEMENTS * LOG2_NELEMENTS);
	for (i = 0; i < NELEMENTS; i++)
	{
		/* each time twice */
		elements[i].time = values[i] / 2;
		elements[i].number = i;
	}

	InterruptPending = true;
	before = interrupts_processed;
	time_sort(elements, NELEMENTS, sizeof(Element));
	InterruptPending = false;
	REQUIRE(interrupts_processed - before >= NELEMENTS / 2);
	REQUIRE(interrupts_processed - before <= NELEMENTS * LOG2_NELEMENTS);
	for (i = 1; i < NELEMENTS; i++)
		REQUIRE(elements[i - 1].time < elements[i].time ||
				(elements[i - 1].time == elements[i].time &&
				 elements[i - 1].number < elements[i].number));
	free_all_memory();
}

/* make_killer_order sets values to the order that qsort takes longest for. */
static void
make_killer_order(void)
{
	static int	elements[NELEMENTS];
	int			i;

	ndecided = ncompared = 0;
	for (i = 0; i < NELEMENTS; i++)
	{
		elements[i] = i;
		values[i] = UNDECIDED;
	}
	qsort(elements, NELEMENTS, sizeof(int), compare_badly);
	for (i = 0; i < NELEMENTS; i++)
	{
		if (values[i] == UNDECIDED)
			values[i] = ndecided++;
	}
}

static int
compare_badly(const void *a, const void *b)
{
	int			x = *(const int *) a;
	int			y = *(const int *) b;

	ncompared++;
	/* the second, so that it finds no two in order when it looks whether all are */
	if (values[x] == UNDECIDED && values[y] == UNDECIDED)
		values[y] = ndecided++;
	return values[x] - values[y];
}
