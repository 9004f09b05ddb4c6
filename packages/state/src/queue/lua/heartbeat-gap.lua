-- Without a heartbeat of any worker for this long, Redis was unreachable or refused writes, or no worker ran, ms.
return 5000
