/*-------------------------------------------------------------------------
 *
 * events_campaigns.h
 *	  The live campaigns that the events of a page name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_EVENTS_CAMPAIGNS_H
#define ASSET_REUSE_EVENTS_CAMPAIGNS_H

#include "events_page.h"

/* A campaign as shown with an event */
#define CAMPAIGN_COLUMNS \
	(COLUMN_BIT(SPACE_ID) | COLUMN_BIT(SPACE_PLATFORM) | COLUMN_BIT(SPACE_IS_ACTIVE) | \
	 COLUMN_BIT(SPACE_CAMPAIGN_NAME))

extern void events_campaigns_find(Identifier tenant_id, const AppTable *spaces, HistoryPage *page);

#endif							/* ASSET_REUSE_EVENTS_CAMPAIGNS_H */
