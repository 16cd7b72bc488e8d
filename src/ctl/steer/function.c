/* SPDX-License-Identifier: BSD-3-Clause */
#include "steer.h"

/* The MAC address is set before DPDK has the VF, as the driver of the VF may be reset by it. */
static void set_mac(const struct steer_script *script, const struct steer *steer)
{
	if (steer->mac)
		steer_line(script, "%sip link set dev %s vf %u mac %s",
			   steer_has_ntuple(steer->driver) ? "\t" : "", steer->device, steer->vf,
			   steer->mac);
}

void steer_function(const struct steer_script *script, const struct steer *steer)
{
	steer_line(script, "# The VF, unless it exists. The number of VFs can be set only while "
			   "there are none.");
	steer_line(script, "nic=/sys/class/net/%s/device", steer->device);
	steer_line(script, "if [ ! -e \"$nic/virtfn%u\" ]; then", steer->vf);
	steer_line(script, "\techo %u > \"$nic/sriov_numvfs\"", steer->vf + 1);
	steer_line(script, "fi");
	steer_line(script, "vf=$(basename \"$(readlink -f \"$nic/virtfn%u\")\")", steer->vf);
	if (!steer_has_ntuple(steer->driver))
		set_mac(script, steer);
	steer_line(script,
		   "# Once: a VF that DPDK has is left alone. DPDK uses mlx5 by the driver of "
		   "Linux.");
	steer_line(script,
		   "case $(basename \"$(readlink -f \"/sys/bus/pci/devices/$vf/driver\")\") in");
	steer_line(script, "vfio-pci|mlx5_core) ;;");
	steer_line(script, "*)");
	if (steer_has_ntuple(steer->driver)) {
		set_mac(script, steer);
		steer_line(script, "\tip link set dev %s vf %u trust on spoofchk off",
			   steer->device, steer->vf);
	}
	steer_line(script, "\tmodprobe vfio-pci");
	steer_line(script, "\tdpdk-devbind.py --bind=vfio-pci \"$vf\" # or, also after a reboot: "
			   "driverctl set-override \"$vf\" vfio-pci");
	steer_line(script, "\t;;");
	steer_line(script, "esac");
	steer_line(script, "ip link set dev %s up", steer->device);
}
