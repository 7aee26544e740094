# syntax=docker/dockerfile:1
FROM python:3.11-slim AS build
WORKDIR /srv/zaigang
COPY requirements.txt ./
RUN python3 -m venv .venv \
 && .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /srv/zaigang zaigang
WORKDIR /srv/zaigang
COPY --from=build /srv/zaigang/.venv .venv
COPY alembic.ini ./
COPY migrations migrations
COPY app app
# Compiled here, since the account that runs it may not write beside the code.
RUN python -m compileall -q app migrations && mkdir var && chown zaigang:zaigang var
USER zaigang
ENV PATH=/srv/zaigang/.venv/bin:$PATH PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000 CLOSE_DAYS_IN_SERVER=true
VOLUME /srv/zaigang/var
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/readyz', timeout=2)"]
# Migrations first: starting a new version against an old schema would answer with errors.
CMD ["sh", "-c", "python -m app.cli migrate && exec python -m app.cli serve"]
