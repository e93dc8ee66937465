# Sourced: a JVM for a server that lives for minutes on a machine that is busy with tests.
# shellcheck shell=bash
export JAVA_OPTS='-Xms64m -Xmx512m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dfile.encoding=UTF-8'
