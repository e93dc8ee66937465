"""Runs scim2-tester: base URL and CA file as arguments, the token in SCIM_TOKEN. Prints how many checks came out how, then each that failed.

Of all that the tester fills in by chance one thing is ours: a user name is an address at a domain of the provider, which no schema can ask for.
"""

import os
import ssl
import sys
import uuid
from collections import Counter

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server, filling
from scim2_tester.checkers import patch_add, patch_replace

as_it_comes = filling.generate_random_value


def at_our_domain(context, path, *args, **kwargs):
    value = as_it_comes(context, path, *args, **kwargs)
    is_user_name = value is not None and str(path).endswith("userName")
    return f"{uuid.uuid4()}@example.com" if is_user_name else value


for module in (filling, patch_add, patch_replace):
    module.generate_random_value = at_our_domain

url, ca_file = sys.argv[1:]
client = Client(
    base_url=url,
    headers={"Authorization": f"Bearer {os.environ['SCIM_TOKEN']}"},
    verify=ssl.create_default_context(cafile=ca_file),
    timeout=30,
)
scim = SyncSCIMClient(client)
scim.discover()
results = check_server(scim)

counts = Counter(result.status.name for result in results)
print(" ".join(f"{name}={count}" for name, count in sorted(counts.items())))
for result in results:
    if result.status not in (Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE):
        print(f"{result.status.name} {result.title} {result.resource_type or ''}: {result.reason}")
