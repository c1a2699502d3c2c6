"""How much is measured: a full run, or a quick one to see that all works."""

from dataclasses import dataclass

LOG_LENGTHS = (5, 100, 1000, 10000)     # 5 stands for 1 to 5
COMPRESSIONS = ("pglz", "lz4")
CLIENTS = (1, 4, 16)
SEED = 20260122


@dataclass(frozen=True)
class Scale:
    name: str
    tenants: tuple              # assets of the three tenants that analytics looks at
    tenants_crowd: int          # assets of other tenants around them
    logs: tuple                 # assets to track and read, for each of LOG_LENGTHS
    logs_crowd: int
    log_rounds: int
    client_calls: tuple         # calls in a round from a client, for each of LOG_LENGTHS
    history_calls: tuple        # calls in a round inside the server
    analytics_rounds: tuple     # for each of the tenants; half of them without parallel workers
    analytics_calls: tuple      # calls in a round, for each of the tenants
    client_analytics_rounds: tuple      # fewer: the ORM service takes so long
    throughput_rounds: int
    throughput_assets: int
    throughput_calls: int       # of all clients together, in a round
    single_asset_calls: int     # fewer: each makes the one log longer
    table_assets: int           # of the tenant whose events are moved to the history table
    table_flat: int             # assets of the tenant who has some with many rows there
    table_crowd: int
    migrations: int
    costs_assets: tuple         # of the tenant whose history is long, and of one to delete


FULL = Scale(
    name="full",
    tenants=(1_000_000, 100_000, 1_000),
    tenants_crowd=150_000,
    logs=(500, 150, 40, 6),
    logs_crowd=10_000,
    log_rounds=9,
    client_calls=(60, 30, 10, 2),
    history_calls=(2000, 500, 100, 20),
    analytics_rounds=(3, 7, 9),
    analytics_calls=(1, 3, 50),
    client_analytics_rounds=(1, 2, 5),
    throughput_rounds=3,
    throughput_assets=5_000,
    throughput_calls=2_400,
    single_asset_calls=480,
    table_assets=100_000,
    table_flat=400,
    table_crowd=20_000,
    migrations=2,
    costs_assets=(100_000, 1_000),
)

QUICK = Scale(
    name="quick",
    tenants=(20_000, 5_000, 1_000),
    tenants_crowd=5_000,
    logs=(200, 60, 10, 2),
    logs_crowd=2_000,
    log_rounds=3,
    client_calls=(20, 10, 4, 1),
    history_calls=(1000, 200, 50, 5),
    analytics_rounds=(3, 3, 3),
    analytics_calls=(1, 5, 20),
    client_analytics_rounds=(1, 1, 1),
    throughput_rounds=1,
    throughput_assets=2_000,
    throughput_calls=800,
    single_asset_calls=160,
    table_assets=5_000,
    table_flat=400,
    table_crowd=2_000,
    migrations=1,
    costs_assets=(2_000, 100),
)
