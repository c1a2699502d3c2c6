"""What a Django model that is saved as a whole does to a reuse that came in between, and how
update_fields leaves the reuse alone."""

import os

import django
from django.conf import settings
from django.db import connection, models

settings.configure(USE_TZ=False, DATABASES={"default": {
    "ENGINE": "django.db.backends.postgresql", "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"],
    "NAME": os.environ["PGDATABASE"], "USER": os.environ["PGUSER"]}})
django.setup()


class Asset(models.Model):
    id = models.CharField(primary_key=True, max_length=36)
    asset_name = models.CharField(max_length=255)
    reused_count = models.IntegerField(null=True)
    last_reused_at = models.DateTimeField(null=True)
    platform_metadata = models.JSONField(default=dict)

    class Meta:
        app_label = "clients"
        db_table = "campaign_assets"
        managed = False


def rename(title, **how):
    """Loads an asset, changes its name and saves it.  It is reused in between."""
    asset = Asset.objects.get(id="hero")
    with connection.cursor() as cursor:
        cursor.execute("SELECT asset_reuse_track('hero', 'acme', 'summer')")
    asset.asset_name += "!"
    asset.save(**how)

    asset.refresh_from_db()
    events = len(asset.platform_metadata.get("reuse_history", []))
    print(f"{title}: reused_count {asset.reused_count},",
          f"last_reused_at {'set' if asset.last_reused_at else 'null'}, {events} event{'s' if events != 1 else ''}")


rename("save()")
rename("save(update_fields=['asset_name'])", update_fields=["asset_name"])
