/*-------------------------------------------------------------------------
 *
 * rows_request.h
 *	  The arguments of a row function, and the statement that answers it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_ROWS_REQUEST_H
#define ASSET_REUSE_ROWS_REQUEST_H

#include "fmgr.h"

#include "request.h"
#include "request_identifier.h"
#include "time_bucket.h"

/* asset_reuse_performance's row_limit where it is null */
#define DEFAULT_PERFORMANCE_ROWS	50

/* How much of each event a statement reads: asset_reuse_log_events has the numbers */
typedef enum EventDetail
{
	DETAIL_TIME,
	DETAIL_PLACE,
	DETAIL_CONTEXT
} EventDetail;

/* The arguments of a function; those that are not given are null */
typedef struct RowRequest
{
	Oid			id_type;
	Identifier	tenant_id;
	Identifier	asset_id;
	const Identifier *asset_ids;	/* of one type; with nasset_ids */
	int			nasset_ids;
	text	   *asset_type;
	RequestRange range;
	EventDetail detail;
	bool		snapshots;		/* of contexts, only what events have recorded: not in their order */
	Identifier	campaign_id;	/* with it, the place is that campaign */
	text	   *place_type;
	text	   *place_id;
	const TimeBucket *bucket;
	text	   *time_zone;		/* of the buckets; null: UTC */
	Timestamp	first_bucket;	/* the earliest possible one; with bucket */
	Timestamp	last_time;		/* the end of the timeline; with bucket */
	Timestamp	from_time;		/* the time from which a trend counts reuses */
	bool		finds_campaigns;	/* the statement reads campaigns, too */
	bool		verifies;
	bool		writes;			/* the rows will be changed: takes a new snapshot */
	bool		has_created_before;
	Timestamp	created_before;
} RowRequest;

/* The statement that answers it */
typedef struct RowStatement
{
	AppTable	assets;
	AppTable	spaces;
	AppTable	history;
	PlanRequest plan;
} RowStatement;

extern void rows_make_statement(Oid caller, const RowRequest *request, const char *sql,
								RowStatement *statement);

#endif							/* ASSET_REUSE_ROWS_REQUEST_H */
