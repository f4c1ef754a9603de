#!/bin/sh
# The guest's process 1: makes a usable machine of the host's read-only files, runs the agent, powers off.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C.UTF-8
HOME=/tmp/home
PYTHONDONTWRITEBYTECODE=1
export PATH LC_ALL HOME PYTHONDONTWRITEBYTECODE

mount -t proc proc /proc
for word in $(cat /proc/cmdline); do
    case $word in lab.run=*) run=${word#lab.run=} ;; esac
done
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/run /mnt/gateways
mount -t hostfs none /mnt/run -o "$run"
. /mnt/run/settings.sh
for place in /run /tmp /var/tmp; do
    mount -t tmpfs -o mode=1777 tmpfs $place
done
# Paths of the project or its Python that these hide are shown again.
for place in "$LAB_REPOSITORY" "$LAB_PREFIX" "$LAB_BASE_PREFIX"; do
    if ! [ -e "$place" ]; then
        mkdir -p "$place"
        mount -t hostfs none "$place" -o "$place"
    fi
done
mkdir -p $HOME /run/netns /tmp/modules/lib/modules
ln -s "/usr/lib/uml/modules/$(uname -r)" /tmp/modules/lib/modules/
modprobe -d /tmp/modules -a $LAB_MODULES 2>/mnt/run/modprobe.log
ip link set lo up
echo operator >/proc/sys/kernel/hostname

cd "$LAB_REPOSITORY" || echo "no $LAB_REPOSITORY in the guest"
"$LAB_PYTHON" -m tests.lab.inside >/mnt/run/agent.log 2>&1 </dev/null
echo "agent ended with $?" >>/mnt/run/agent.log
echo o >/proc/sysrq-trigger
exec sleep 60
