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

/* How much of each event a statement reads: the numbers of asset_reuse_log_events */
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
	text	   *asset_type;
	RequestRange range;
	EventDetail detail;
	Identifier	campaign_id;	/* if given, the place is this campaign */
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
